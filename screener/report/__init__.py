"""The triage report: PDF by reportlab and its accessible HTML twin."""
