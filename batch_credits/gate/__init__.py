"""The one way to a site: its limits kept, also from one run to the next, and all that it takes to ask and to send."""
