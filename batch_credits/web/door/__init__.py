"""Who may come in, and what a request may hold: nothing behind the door looks at an address, a header or a token.

refusals   a request that is refused, in words
hosts      under which names the server answers, and where forms may come from
sessions   the link that works once, the cookie, the form token
way_in     the link for a browser on this machine
identity   who somebody is: by the cookie, or by a proxy that is known
forms      fields and a file: all that is not expected is refused
downloads  a file to take away
headers    what every answer tells a browser not to do
keys       what a request holds of that
wire       the answer to what is no request
quiet      what a library would print stays out of the log
building   all of it around the routes
"""
