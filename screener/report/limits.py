"""What the list is for, and what it must not be taken for: the same words on paper and in HTML."""

INTENDED_USE = (
    "An aid, in research, to the order in which frontal chest radiographs of adults are reviewed. "
    "It does not stand alone, rules nothing out, and removes nothing from the list. Studies that "
    "could not be scored are listed first so that they are read first."
)
KNOWN_LIMITS = (
    (
        "Age",
        "Meant for adults. Public collections take most of their healthy radiographs from "
        "children, so a network can learn age instead of disease. Patients under 18 are marked.",
    ),
    (
        "View",
        "Frontal radiographs only (PA and AP). Lateral views and other examinations are refused "
        "where the header or the pixels tell.",
    ),
    (
        "Portable AP",
        "Bedside radiographs are taken of sicker patients. A score can follow the way of taking "
        "instead of the lungs.",
    ),
    (
        "Tubes and devices",
        "Tubes, lines, pacemakers, electrodes and burned-in letters can raise or lower a score.",
    ),
    (
        "Source",
        "In public collections the hospital, the scanner or the file format often tells COVID-19 "
        "apart without looking at the lungs. Read each figure beside its shortcut baseline, and "
        "expect lower ones in a hospital the network has not seen.",
    ),
    (
        "Maps",
        "They show where the network’s output for COVID-19 came from, coarsely and each relative "
        "to its own maximum. One is drawn only where hiding its strongest tenth lowers the score "
        "more than the same marks elsewhere do. They explain the network, not the patient, and "
        "outline no disease.",
    ),
    (
        "Benefit",
        "No claim is made that this order of review saves time or helps patients.",
    ),
)
