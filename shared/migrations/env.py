"""Alembic's entry: runs revisions within the transaction of the connection that it is given."""

from alembic import context

context.configure(connection=context.config.attributes["connexion"])
with context.begin_transaction():
    context.run_migrations()
