import { z } from 'zod';
import { KEY_SCOPES, SCOPES, type Scope } from '#server/auth/index.ts';
import { INVITE_HOURS, RESET_HOURS } from './links.ts';

const instant = z.iso.datetime();
export const RoleName = z.enum(['viewer', 'operator', 'admin']);
const PageInput = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1_000).optional(),
});
const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.string().nullable() });

export const ById = z.object({ id: z.uuid() });
export const Nothing = z.object({});
const Email = z.string().trim().toLowerCase().max(320).pipe(z.email());
const hours = (fallback: number) =>
  z.coerce
    .number()
    .int()
    .min(1)
    .max(30 * 24)
    .default(fallback);
/** Shown once: null in the answer that an Idempotency-Key repeats. */
const LinkPath = z
  .string()
  .nullable()
  .describe('Path and query of the link, below the address of this installation. Shown once.');

const TenantRef = z.object({ id: z.uuid(), slug: z.string(), name: z.string() });
const TenantStatus = z.enum(['active', 'suspended']);

export const Me = z.object({
  user: z
    .object({ id: z.uuid(), email: z.string(), name: z.string(), isInstanceOperator: z.boolean() })
    .nullable()
    .describe('The signed-in person; null for a key.'),
  key: z.object({ id: z.uuid() }).nullable(),
  tenant: TenantRef.nullable().describe('Null for a person who is in no active tenant now.'),
  role: RoleName.nullable(),
  scopes: z.array(z.enum(SCOPES)),
  tenants: z.array(TenantRef.extend({ role: RoleName, status: TenantStatus, isCurrent: z.boolean() })),
});
export const SwitchTenantInput = z.object({ tenant: z.string().min(1).max(64).describe('Its id or slug.') });
export const SwitchTenantOutput = z.object({ tenant: TenantRef, role: RoleName });
export const PersonName = z.string().trim().min(1, 'say how others shall see you').max(200);
export const Profile = z.object({ name: PersonName });
export const ChangePasswordInput = z.object({
  currentPassword: z.string().min(1).max(1_000),
  newPassword: z.string().min(1).max(1_000),
});
export const Changed = z.object({ changed: z.literal(true) });

export const ListUsersInput = PageInput.extend({ search: z.string().max(200).optional() });
const MemberStatus = z.enum(['active', 'disabled']);
export const User = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  role: RoleName,
  status: MemberStatus,
  lastSeenAt: instant.nullable().describe('In this tenant.'),
  createdAt: instant.describe('Since when a user of this tenant.'),
});
export const UserPage = pageOf(User);
export const SetRoleInput = ById.extend({ role: RoleName });
export const SetRoleOutput = SetRoleInput;
export const StatusOutput = ById.extend({ status: MemberStatus });

export const InviteInput = z.object({ email: Email, role: RoleName, expiresInHours: hours(INVITE_HOURS) });
const Invite = z.object({ id: z.uuid(), email: z.string(), role: RoleName, expiresAt: instant });
export const InviteOutput = Invite.extend({ linkPath: LinkPath });
export const ListInvitesInput = PageInput;
export const InvitePage = pageOf(Invite.extend({ createdBy: z.string(), createdAt: instant }));
export const ResetLinkInput = ById.extend({ expiresInHours: hours(RESET_HOURS) });
export const InstanceResetLinkInput = z.object({ email: Email, expiresInHours: hours(RESET_HOURS) });
export const ResetLinkOutput = z.object({ email: z.string(), expiresAt: instant, linkPath: LinkPath });

const KeyScope = z.enum(KEY_SCOPES as [Scope, ...Scope[]]);
export const ListKeysInput = PageInput.extend({ state: z.enum(['active', 'all']).default('active') });
export const KeyPage = pageOf(
  z.object({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().describe('How the key begins.'),
    scopes: z.array(z.string()),
    status: z.enum(['active', 'expired', 'revoked']),
    createdBy: z.string().nullable(),
    createdAt: instant,
    expiresAt: instant.nullable(),
    lastUsedAt: instant.nullable().describe('To the minute.'),
    revokedAt: instant.nullable(),
  }),
);
export const CreateKeyInput = z.object({
  name: z.string().trim().min(1, 'say what the key is for').max(100),
  scopes: z.array(KeyScope).min(1, 'a key without a scope can do nothing').max(KEY_SCOPES.length),
  expiresInDays: z.coerce.number().int().min(1).max(3_650).optional(),
});
export const CreateKeyOutput = z.object({
  id: z.uuid(),
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(z.string()),
  expiresAt: instant.nullable(),
  key: z
    .string()
    .nullable()
    .describe('The key itself, shown once: null in the answer that an Idempotency-Key repeats. Then revoke it.'),
});
export const RevokeKeyOutput = ById.extend({ revokedAt: instant });

export const ListSessionsInput = z.object({ userId: z.uuid().optional() });
export const SessionList = z.object({
  items: z.array(
    z.object({
      id: z.uuid(),
      user: z.object({ id: z.uuid(), email: z.string(), name: z.string() }),
      tenant: z.object({ slug: z.string(), name: z.string() }).nullable(),
      userAgent: z.string(),
      createdAt: instant,
      lastUsedAt: instant.describe('To the minute; also by a page that asked for its data by itself.'),
      lastSeenAt: instant.describe('To the minute: the last sign of its person, which the idle time-out counts from.'),
      expiresAt: instant,
      isCurrent: z.boolean().describe('The one that asks.'),
    }),
  ),
});
export const RevokedOutput = z.object({ revoked: z.number().int() });

const Slug = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, '1 to 40 of a-z, 0-9 and -, beginning with a letter')
  .describe('In addresses and names of schemas; it cannot be changed.');
const TenantItem = TenantRef.extend({
  status: TenantStatus,
  createdAt: instant,
  suspendedAt: instant.nullable(),
  suspendedBy: z.string().nullable(),
  suspendReason: z.string().nullable(),
  userCount: z.number().int(),
  adminCount: z.number().int(),
});
export const ListTenantsInput = PageInput.extend({ search: z.string().max(200).optional() });
export const TenantPage = pageOf(TenantItem);
export const TenantOutput = TenantItem;
export const CreateTenantInput = z.object({ slug: Slug, name: z.string().trim().min(1).max(100), adminEmail: Email });
export const CreateTenantOutput = z.object({ tenant: TenantRef, invite: Invite, linkPath: LinkPath });
/** A tenant by id or slug. */
export const TenantById = z.object({ id: z.string().min(1).max(64) });
export const SuspendInput = TenantById.extend({
  reason: z.string().trim().min(1, 'say why, for whoever asks').max(500),
});
export const InviteAdminInput = TenantById.extend({ email: Email, expiresInHours: hours(INVITE_HOURS) });
