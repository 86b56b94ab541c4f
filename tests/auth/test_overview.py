"""What the management pages show: everything that was made, from the primary."""

from db.engine import Database
from metrics_dash.auth import links, overview, people, tokens


def test_everything_that_was_made_is_there(database: Database) -> None:
    people.add(database, "ann", role="viewer", by="test", password=None, source="proxy")
    token = tokens.issue(database, "shop", by="ann")
    link = links.issue(database, by="ann", tabs=(), known=())
    assert [person.name for person in overview.people(database)] == ["ann"]
    assert [each.token_id for each in overview.programs(database)] == [token.identity]
    made, walls = overview.links_and_walls(database)
    assert ([each.link_id for each in made], walls) == ([link.identity], [])
    actions = [entry.action for _, entry in overview.log(database)]
    assert actions == ["link.add", "token.add", "user.add"]
    newest, _ = overview.log(database)[0]
    assert [entry.action for _, entry in overview.log(database, newest)] == actions[1:]
