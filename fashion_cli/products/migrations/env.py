"""What Alembic runs: on the connection that it is given, or on `sqlalchemy.url` where it is called by hand."""

from alembic import context
from sqlalchemy import Connection, create_engine

from fashion_cli.products.orm import Table
from fashion_cli.products.schema import VERSION_TABLE


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        version_table=VERSION_TABLE,
        render_as_batch=True,  # SQLite changes a column by copying its table
    )
    with context.begin_transaction():
        context.run_migrations()


existing: Connection | None = context.config.attributes.get("connection")
if existing is not None:
    migrate(existing)
else:
    with create_engine(context.config.get_main_option("sqlalchemy.url", "")).begin() as own:
        migrate(own)
