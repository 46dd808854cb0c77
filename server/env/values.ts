// What values of variables may look like, where several variables are alike.
import { z } from 'zod';

/** What a setting asks of others: the variable that is missing, and why. */
export type Missing = [name: string, because: string];

export const seconds = (fallback: number, min = 1) => z.coerce.number().int().min(min).default(fallback);
export const milliseconds = (fallback: number, min: number, max = 3_600_000) =>
  z.coerce.number().int().min(min).max(max).default(fallback);
export const days = (fallback: number) => z.coerce.number().int().min(0).max(36_500).default(fallback);
export const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);
/** Of a port that is opened only where it is named. */
export const portIfNamed = z.coerce.number().int().min(1).max(65_535).optional();
export const flag = z
  .enum(['true', 'false', '1', '0', ''])
  .default('')
  .transform((text) => text === 'true' || text === '1');

/** Texts by commas, without the white space around them and the empty ones. */
export const list = (isOne: (text: string) => boolean, message: string) =>
  z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((one) => one.trim())
        .filter((one) => one !== ''),
    )
    .refine((all) => all.every(isOne), message);
/** On unless it is turned off. */
export const flagOn = z
  .enum(['true', 'false', '1', '0'])
  .default('true')
  .transform((text) => text === 'true' || text === '1');
