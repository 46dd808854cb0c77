// Procedures as a client calls them over REST, and what they answer held against the schemas that their metadata names.
import { expect } from 'vitest';
import { restRoutes } from '../index.ts';

type Answer = { status: number; body: Record<string, unknown> };

export function openAnswers(baseUrl: string, key: string) {
  const routes = new Map(restRoutes().map((route) => [route.path, route]));
  /** Procedures that answered as they should. */
  const called = new Set<string>();

  /** Calls a procedure by its name; path parameters are taken out of `input`, the rest goes where REST wants it. */
  async function call(path: string, input: Record<string, unknown> = {}): Promise<Answer> {
    const route = routes.get(path);
    if (!route) throw new Error(`there is no ${path}`);
    const rest = { ...input };
    const url = new URL(
      `/api/v1${route.url.replace(/:(\w+)/g, (_, name: string) => {
        delete rest[name];
        return encodeURIComponent(String(input[name]));
      })}`,
      baseUrl,
    );
    const isRead = route.method === 'GET';
    if (isRead) for (const [name, value] of Object.entries(rest)) url.searchParams.set(name, String(value));
    const response = await fetch(url, {
      method: route.method,
      headers: { Authorization: `Bearer ${key}`, ...(isRead ? {} : { 'Content-Type': 'application/json' }) },
      ...(isRead ? {} : { body: JSON.stringify(rest) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  /** A success whose body is exactly what the schema makes of it: no field too many, none too few. */
  async function expectKept(path: string, input: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const { status, body } = await call(path, input);
    const meta = routes.get(path)!.meta;
    expect({ path, status, body }).toEqual({ path, status: meta.status ?? 200, body });
    expect(body).toEqual(meta.output.parse(body));
    called.add(path);
    return body;
  }

  /** The run, once it has ended. */
  const ended = async (id: string) => {
    for (;;) {
      const run = await expectKept('runs.get', { id });
      if (run.finishedAt) return run;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  return { routes, called, call, expectKept, ended };
}
