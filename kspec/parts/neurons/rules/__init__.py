"""What each kind of layer does to channels: a file for each way. The table is in table.py."""
