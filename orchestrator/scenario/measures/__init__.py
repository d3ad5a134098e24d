"""What a run measures. Each file watches one thing from the changes and messages of the cluster;
`meter.py` puts them together. Nothing here acts on the cluster, or asks it anything."""
