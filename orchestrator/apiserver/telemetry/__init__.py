"""What the API server counts, apart from how it is reached.

| file | what it is |
|---|---|
| `families` | counters, gauges and histograms, and their text |
| `admission` | what plugins, webhooks and policies have done about requests by HTTPS |
| `storage` | what lists have read |
"""
