"""What is read: folders, headers, pixels. Imports neither the network nor the results."""
