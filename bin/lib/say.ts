/** A line for the person at the terminal. */
export function say(message: string): void {
  process.stdout.write(`mainspring: ${message}\n`);
}
