"""Pure: from values to requests and from answers to values. All of the API's oddities live here.

encode    values -> the tree of plain JSON that is about to be sent, checked
guard     no concept leaves without its polarity; the tree -> bytes
ids       ids that are derived from content
requests  an operation -> method, path, query, body
answers   status, headers, bytes -> a tree, or an error
refusals  a status of the API -> which error it is, and what to do about it
outcomes  which annotation of a batch an answer is about, and what it means
"""
