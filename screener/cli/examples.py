"""What each command of ``screener`` is typed like: the examples at the end of its ``--help``."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "": ("scan films", "review", "list --since last"),
    "scan": (
        "scan films",
        "scan films /mnt/more -o results --identify id",
        "scan films --weights covid-resnet50 --device cpu --tta 8",
        "scan films --dry-run",
        "scan --dicomweb https://pacs/dicom-web --query StudyDate=20200301-20200331",
    ),
    "review": ("review", "review results --reviewer Eve --theme daylight", "review --serve"),
    "list": (
        "list",
        "list results --band priority --unreviewed",
        "list --since last",
        "list --since 2026-03-02 --csv",
    ),
    "show": ("show 1", "show P-7KQ2 results", "show films/chest17.png --json", "show --review"),
    "diff": (
        "diff results-march results-april",
        "diff covid-resnet50 covid-lite --results results --all",
        "diff results-march results-april --csv",
    ),
    "explain": ("explain 1", "explain --band priority --top 20"),
    "report": ("report", "report results -o triage.pdf --band priority --paper letter"),
    "export": (
        "export --format html",
        "export results --format csv -o -",
        "export --format deidentified -o for-others --dates shifted",
    ),
    "watch": ("watch /mnt/incoming", "watch /mnt/share -o results --poll 60 --no-report"),
    "listen": (
        "listen spool --send ARCHIVE@pacs:104",
        "listen spool --host 0.0.0.0 --caller XRAY1 --peer 10.0.0.7 --quiet 60",
    ),
    "send": (
        "send screening/dicom --to ARCHIVE@pacs:104",
        "send screening/dicom --to https://pacs/dicom-web",
    ),
    "status": ("status spool", "status spool --json"),
    "assess": ("assess draw --size 200", "assess review", "assess report"),
    "assess draw": ("assess draw --size 200", "assess draw --name march --more routine=50"),
    "assess review": ("assess review --reviewer Eve",),
    "assess report": ("assess report", "assess report results --labels pcr.csv -o site.html"),
    "assess adopt": ("assess adopt --sensitivity 0.95", "assess adopt --undo"),
    "forget": ("forget P-7KQ2HJ3MXA", "forget --all --yes results"),
    "info": ("info", "info --benchmark"),
    "weights": ("weights list", "weights show --weights covid-lite"),
    "weights list": ("weights list", "weights list runs/mine/weights"),
    "weights show": ("weights show", "weights show --weights covid-lite --json"),
    "weights verify": ("weights verify --weights runs/mine/weights",),
    "config": ("config", "config path"),
    "config path": ("config path",),
    "completion": ("completion bash", "completion zsh"),
}
"""By the command's words, without the program's name; "" for the program itself."""
