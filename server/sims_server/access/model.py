"""Tables of access."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from sims_server.kernel.database import metadata
from sims_shared.access import (
    DelegateUnfit,
    LentAlready,
    OwnPower,
    RoleInUse,
    RoleNameTaken,
    RoleNotYours,
    ShippedRoleNamed,
    UsernameTaken,
)

account = Table(
    "account",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("username", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("password_hash", Text, nullable=False),
    Column("disabled", Boolean, nullable=False, server_default=text("false")),
    Column("student_id", BigInteger, ForeignKey("student.id", name="fk_account_student")),
    Column("otp_secret", Text),
    Column("otp_confirmed_at", DateTime(timezone=True)),
    Column("otp_last_step", BigInteger),
    Column("recovery_hashes", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    UniqueConstraint("username", name="uq_account_username"),
)
role = Table(
    "role",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("permissions", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("scope", Text, nullable=False, server_default=text("'all'")),
    Column("shipped", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("name", name="uq_role_name"),
)
account_role = Table(
    "account_role",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "account_id", BigInteger, ForeignKey("account.id", name="fk_account_role_account"), nullable=False
    ),
    Column("role_id", BigInteger, ForeignKey("role.id", name="fk_account_role_role"), nullable=False),
    Column("department_id", BigInteger, ForeignKey("department.id", name="fk_account_role_department")),
    Column("valid_from", Date),
    Column("valid_until", Date),
    # A role that somebody else lent: tied to the delegation by all its columns.
    Column("delegation_id", BigInteger),
    Column("delegated_by", BigInteger),
)
delegation = Table(
    "delegation",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "from_account_id",
        BigInteger,
        ForeignKey("account.id", name="fk_delegation_from_account"),
        nullable=False,
    ),
    Column(
        "to_account_id", BigInteger, ForeignKey("account.id", name="fk_delegation_to_account"), nullable=False
    ),
    Column("role_id", BigInteger, ForeignKey("role.id", name="fk_delegation_role"), nullable=False),
    Column(
        "department_id",
        BigInteger,
        ForeignKey("department.id", name="fk_delegation_department"),
        nullable=False,
    ),
    Column("from_date", Date, nullable=False),
    Column("until_date", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("revoked_at", DateTime(timezone=True)),
    Column("revoked_by", BigInteger, ForeignKey("account.id", name="fk_delegation_revoked_by")),
)
login_session = Table(
    "login_session",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True, server_default=text("gen_random_uuid()")),
    Column(
        "account_id", BigInteger, ForeignKey("account.id", name="fk_login_session_account"), nullable=False
    ),
    Column("device", Text, nullable=False, server_default=text("''")),
    Column("refresh_hash", LargeBinary, nullable=False),
    Column("previous_hash", LargeBinary),
    Column("previous_used", Boolean, nullable=False, server_default=text("false")),
    # Of the answer that was lost, where the previous token was used once more.
    Column("superseded_hash", LargeBinary),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("last_seen_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
)
sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("username", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)
setting = Table(
    "setting",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("key", Text, nullable=False),
    Column("value", JSONB, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    UniqueConstraint("key", name="uq_setting_key"),
)

# That somebody got power over grades, or that such a one's account was opened to another.
power_alarm = Table(
    "power_alarm",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("account_id", BigInteger, ForeignKey("account.id", name="fk_power_alarm_account")),
    Column("given_by", BigInteger, ForeignKey("account.id", name="fk_power_alarm_given_by"), nullable=False),
    Column("what", Text, nullable=False),
    Column("role", Text, nullable=False, server_default=text("''")),
)

CONSTRAINTS = {
    "uq_account_username": UsernameTaken,
    "ck_account_role_is_given_by_another": OwnPower,
    "ck_role_shipped_keeps_its_name": ShippedRoleNamed,
    "ck_role_shipped_stays": ShippedRoleNamed,
    "ck_delegation_not_to_an_administrator": DelegateUnfit,
    "uq_role_name": RoleNameTaken,
    "fk_account_role_role": RoleInUse,
    "fk_delegation_role": RoleInUse,
    "ck_delegation_within_the_givers_own": RoleNotYours,
    "uq_delegation_of_the_same_days_once": LentAlready,
}
