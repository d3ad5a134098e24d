"""Programs that use client libraries, as their users write them."""
