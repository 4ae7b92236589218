"""Bulk upload: a pure planner, two thin drivers, the report and the journal. Loaded by the first `Client.upload`."""
