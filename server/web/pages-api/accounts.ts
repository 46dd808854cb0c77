// Accounts as the pages see them.
import type { Scope } from '#server/auth/index.ts';
import type { Instant, Page, PageInput } from './wire.ts';

export type RoleName = 'viewer' | 'operator' | 'admin';

export interface MyTenant {
  id: string;
  slug: string;
  name: string;
  role: RoleName;
  status: 'active' | 'suspended';
  isCurrent: boolean;
}

export interface Me {
  user: { id: string; email: string; name: string; isInstanceOperator: boolean } | null;
  tenant: { id: string; slug: string; name: string } | null;
  role: RoleName | null;
  scopes: Scope[];
  tenants: MyTenant[];
}

export interface TenantUser {
  id: string;
  email: string;
  name: string;
  role: RoleName;
  status: 'active' | 'disabled';
  lastSeenAt: Instant | null;
  createdAt: Instant;
}

export interface Invite {
  id: string;
  email: string;
  role: RoleName;
  createdBy: string;
  createdAt: Instant;
  expiresAt: Instant;
}

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  status: 'active' | 'expired' | 'revoked';
  createdBy: string | null;
  createdAt: Instant;
  expiresAt: Instant | null;
  lastUsedAt: Instant | null;
  revokedAt: Instant | null;
}

export interface OpenSession {
  id: string;
  user: { id: string; email: string; name: string };
  tenant: { slug: string; name: string } | null;
  userAgent: string;
  createdAt: Instant;
  lastUsedAt: Instant;
  lastSeenAt: Instant;
  expiresAt: Instant;
  isCurrent: boolean;
}

export interface TenantItem {
  id: string;
  slug: string;
  name: string;
  status: 'active' | 'suspended';
  createdAt: Instant;
  suspendedAt: Instant | null;
  suspendedBy: string | null;
  suspendReason: string | null;
  userCount: number;
  adminCount: number;
}

/** `linkPath` is a path and query below this installation's address. */
interface MadeLink {
  email: string;
  expiresAt: Instant;
  linkPath: string | null;
}

export interface AccountsApi {
  me(): Promise<Me>;
  switchTenant(input: { tenant: string }): Promise<{ tenant: { id: string; name: string } }>;
  updateProfile(input: { name: string }): Promise<{ name: string }>;
  changePassword(input: { currentPassword: string; newPassword: string }): Promise<unknown>;
  mySessions(): Promise<{ items: OpenSession[] }>;
  revokeMySession(input: { id: string }): Promise<{ revoked: number }>;
  revokeMyOtherSessions(input: Record<string, never>): Promise<{ revoked: number }>;
  users(input: PageInput & { search?: string }): Promise<Page<TenantUser>>;
  user(input: { id: string }): Promise<TenantUser>;
  setRole(input: { id: string; role: RoleName }): Promise<unknown>;
  disableUser(input: { id: string }): Promise<unknown>;
  enableUser(input: { id: string }): Promise<unknown>;
  removeUser(input: { id: string }): Promise<unknown>;
  resetLink(input: { id: string }): Promise<MadeLink>;
  invites(input: PageInput): Promise<Page<Invite>>;
  invite(input: { email: string; role: RoleName }): Promise<MadeLink>;
  revokeInvite(input: { id: string }): Promise<unknown>;
  sessions(input: { userId?: string }): Promise<{ items: OpenSession[] }>;
  revokeSession(input: { id: string }): Promise<{ revoked: number }>;
  revokeUserSessions(input: { id: string }): Promise<{ revoked: number }>;
  keys(input: PageInput & { state?: 'active' | 'all' }): Promise<Page<ApiKey>>;
  createKey(input: {
    name: string;
    scopes: Scope[];
    expiresInDays?: number;
  }): Promise<{ name: string; key: string | null; expiresAt: Instant | null }>;
  revokeKey(input: { id: string }): Promise<unknown>;
  tenants(input: PageInput & { search?: string }): Promise<Page<TenantItem>>;
  createTenant(input: {
    slug: string;
    name: string;
    adminEmail: string;
  }): Promise<{ tenant: { slug: string; name: string }; invite: { email: string }; linkPath: string | null }>;
  suspendTenant(input: { id: string; reason: string }): Promise<TenantItem>;
  resumeTenant(input: { id: string }): Promise<TenantItem>;
  inviteTenantAdmin(input: { id: string; email: string }): Promise<MadeLink>;
  instanceResetLink(input: { email: string }): Promise<MadeLink>;
}
