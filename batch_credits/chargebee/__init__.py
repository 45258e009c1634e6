"""All that is known of the provider; the only importer of aiohttp's client."""
