from tests.fixtures.edge import app, client, live, settings, stand_in
from tests.fixtures.installation import installation

__all__ = ["app", "client", "installation", "live", "settings", "stand_in"]
