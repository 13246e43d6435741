"""What ``pulumi up`` runs."""

import sys
from pathlib import Path

# Pulumi runs this file in its own folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from infra.platform import declare
from infra.stack import configured

declare(configured())
