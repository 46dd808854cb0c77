// Which labels demand approval, and whose. Pure: what the settings row says is an argument.
import { z } from 'zod';
import { hasLabel, LabelKey, parseLabelSelector } from '#server/ir/index.ts';
import { ServiceError } from '#server/lib/index.ts';

/** Who may be asked; a viewer only reads. */
export const APPROVER_ROLES = ['operator', 'admin'] as const;
export const DEFAULT_EXPIRY_HOURS = 72;
const MAX_EXPIRY_HOURS = 24 * 60;

const Selector = z
  .string()
  .max(300)
  .refine((text) => LabelKey.safeParse(parseLabelSelector(text).key).success, {
    error: ({ input }) => `"${input}" is not \`key:value\` or \`key\` of a label`,
  })
  .refine((text) => !fitsOnlyByAccident(parseLabelSelector(text).value), {
    error: ({ input }) =>
      `"${input}" would fit only a label whose value is written just so; a value is compared letter by letter, without patterns and without space around it. For any value write the key alone: "${parseLabelSelector(String(input)).key}"`,
  });

/** A rule that fits nothing demands nothing, and nobody sees it: such a value is a slip or was meant as a pattern. */
const fitsOnlyByAccident = (value: string | null): boolean =>
  value !== null && (value === '' || value !== value.trim() || /[*\r\n]/.test(value));

export const Stage = z.strictObject({
  name: z.string().trim().min(1).max(60),
  approvers: z.number().int().min(1).max(20).describe('How many people must approve.'),
  roles: z.array(z.enum(APPROVER_ROLES)).min(1).max(APPROVER_ROLES.length).describe('Who may: any of these roles.'),
});

const isUnique = (texts: readonly string[]) => new Set(texts).size === texts.length;

export const Policy = z
  .object({
    selectors: z
      .array(Selector)
      .max(50)
      .refine(isUnique, 'has one selector twice')
      .describe('`key:value` or `key`; a pipeline whose labels fit any of them needs approval. Empty: none does.'),
    stages: z
      .array(Stage)
      .max(10)
      .refine((stages) => isUnique(stages.map(({ name }) => name)), 'has two stages of one name')
      .describe('In their order.'),
    expiryHours: z.number().int().min(1).max(MAX_EXPIRY_HOURS).default(DEFAULT_EXPIRY_HOURS),
    allowSamePerson: z.boolean().default(false).describe('One person may approve in more than one stage.'),
  })
  .refine(({ selectors, stages }) => selectors.length === 0 || stages.length > 0, {
    path: ['stages'],
    error: 'give at least one stage: labels that demand approval need somebody who gives it',
  });
export type Policy = z.output<typeof Policy>;

/** What holds for a tenant that never set anything. */
export const NO_POLICY: Policy = {
  ...{ selectors: [], stages: [], expiryHours: DEFAULT_EXPIRY_HOURS, allowSamePerson: false },
};

/**
 * The stored rules.
 * @throws ServiceError APPROVAL_SETTINGS_INVALID: what cannot be read lets nothing go live
 */
export function readPolicy(stored: unknown): Policy {
  const read = Policy.safeParse(stored);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => ({ pointer: `/${path.join('/')}`, message }));
  throw new ServiceError(
    'APPROVAL_SETTINGS_INVALID',
    `the rules of approval cannot be read (${problems[0]?.pointer}: ${problems[0]?.message}), so nothing goes live; an admin must set them anew`,
    { problems },
  );
}

type Labels = Readonly<Record<string, string>>;

/** The selectors that fit any of these documents' labels: the live one counts too, so that leaving a label out is no way round. */
export const demandedBy = (policy: Policy, documents: readonly Labels[]): string[] =>
  policy.selectors.filter((text) => documents.some((labels) => hasLabel(labels, parseLabelSelector(text))));
