"""Write the report of how far the project is."""

from tunewright.core.stage import StageSpec
from tunewright.stages.report.settings import ReportSettings

STAGE = StageSpec(name="report", sections={"report": ReportSettings})
