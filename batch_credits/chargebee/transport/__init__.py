"""HTTP as this program speaks it: verified TLS, bounded in time and size; no redirect, proxy or cookie.

A refusal proves that nothing was credited, so it must be the answer to this very request. There are two ways to send:

- `session`: aiohttp's documented session, each request on a connection of its own, where nobody was answered before.
  For every run with a limit, whichever aiohttp is installed.
- `direct`: bytes on connections that are kept, which is several times quicker and needs what is undocumented in aiohttp
  to tell whose an answer is. For runs without a limit, where the installed aiohttp is one that it was tested with.
"""
