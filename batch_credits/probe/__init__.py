"""Measures on a test site what Chargebee documents nowhere, with a dozen credits of one minor unit; takes them back.

course      one probe from its first call to its last: START HERE
measuring   what is sent and asked, and which fact follows
taking_back what was credited is deducted, each credit once; also what a probe left that was killed
way         the calls: on disk before on the wire, within the site's limits
texts       what a site has made of a text
"""
