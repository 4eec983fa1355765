"""Python inside the Node process: functions for Node, and what differs there."""
