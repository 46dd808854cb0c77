export const MONTH_NAMES = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
/** Sunday first, as cron counts. */
export const DAY_NAMES = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
export const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth'] as const;

/** "a, b and c". */
export function listWords(words: readonly string[]): string {
  if (words.length <= 1) return words[0] ?? '';
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** "every 15 minutes", "every 2 hours", "every day". */
export function everyMinutes(minutes: number): string {
  if (minutes % 1440 === 0) return every(minutes / 1440, 'day');
  if (minutes % 60 === 0) return every(minutes / 60, 'hour');
  return every(minutes, 'minute');
}

/** "every hour" or "every 3 hours". */
export function every(count: number, unit: string): string {
  return count === 1 ? `every ${unit}` : `every ${count} ${unit}s`;
}

/** "02:05". */
export function clockTime(hour: number, minute: number): string {
  return `${pad(hour)}:${pad(minute)}`;
}

/** Two digits. */
export function pad(number: number): string {
  return String(number).padStart(2, '0');
}
