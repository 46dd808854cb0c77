import { z } from 'zod';
import { SCOPES } from '#server/auth/index.ts';

export const RoleName = z.enum(['viewer', 'operator', 'admin']);

const TenantRef = z.object({ id: z.uuid(), slug: z.string(), name: z.string() });

export const Me = z.object({
  user: z
    .object({ id: z.uuid(), email: z.string(), name: z.string(), isInstanceOperator: z.boolean() })
    .nullable()
    .describe('The signed-in person; null for a key.'),
  key: z.object({ id: z.uuid() }).nullable(),
  tenant: TenantRef.nullable().describe('Null for a person who is in no active tenant now.'),
  role: RoleName.nullable(),
  scopes: z.array(z.enum(SCOPES)),
  tenants: z.array(
    TenantRef.extend({ role: RoleName, status: z.enum(['active', 'suspended']), isCurrent: z.boolean() }),
  ),
});

export const SwitchTenantInput = z.object({ tenant: z.string().min(1).max(64).describe('Its id or slug.') });
export const SwitchTenantOutput = z.object({ tenant: TenantRef, role: RoleName });
