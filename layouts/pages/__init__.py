"""The pages beside the dashboard: the pipeline, people, tokens, links, the audit log. Each builds its content
from plain records.

- ``frame``: the shell around all of them, the same sidebar as the dashboard's, and the HTML that they live in.
- ``forms``: fields, buttons and tables, of dash-bootstrap-components' controls. A form is sent as forms are, without a
  script, and carries its CSRF token.
- ``users``, ``tokens``, ``links``, ``audit_log``, ``pipeline``: the pages.
"""
