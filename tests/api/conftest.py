from tests.fixtures.edge import app, client, live, settings, stand_in

__all__ = ["app", "client", "live", "settings", "stand_in"]
