"""The API server over HTTPS, beside a bare handler that returns the same bytes: requests, servers, load, watchers."""
