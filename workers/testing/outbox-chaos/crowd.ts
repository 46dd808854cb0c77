// A crowd of publishers, and who is hit next: seeded, so that a run can be had again as far as a machine allows.
import { setTimeout as wait } from 'node:timers/promises';
import { type PublisherDatabase, type PublisherProcess, startPublisher } from '../publisher-process.ts';

/** Numbers from 0 up to 1 that only the seed decides (mulberry32). */
export function createRandom(seed: number) {
  let state = seed >>> 0;
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const HIT_WAIT_MS = 60_000;

export function createCrowd(options: {
  db: PublisherDatabase;
  home: string;
  prefix: string;
  size: number;
  env: Record<string, string>;
  random: () => number;
}) {
  let count = 0;
  const unexpected: string[] = [];
  const isEnding = new Set<PublisherProcess>();
  const start = (): PublisherProcess => {
    count += 1;
    const publisher = startPublisher(options.db, options.home, `${options.prefix}-${count}`, options.env);
    // Whoever ends without having been told to has crashed.
    void publisher.exited.then((code) => {
      if (!isEnding.has(publisher))
        unexpected.push(`${publisher.name} ended with ${code}: ${publisher.output().slice(-2_000)}`);
    });
    return publisher;
  };
  const members = Array.from({ length: options.size }, start);
  let frozen: PublisherProcess | null = null;

  /** One of those that have completed a turn and are not frozen. */
  async function pick(): Promise<number> {
    const deadline = Date.now() + HIT_WAIT_MS;
    const from = Math.floor(options.random() * members.length);
    for (;;) {
      for (let step = 0; step < members.length; step += 1) {
        const place = (from + step) % members.length;
        const member = members[place]!;
        if (member !== frozen && !member.hasExited() && (await member.isReady())) return place;
      }
      if (Date.now() > deadline) throw new Error(`no publisher was ready within ${HIT_WAIT_MS} ms`);
      await wait(25);
    }
  }

  return {
    members,
    /** Those that ended by themselves. */
    unexpected,
    untilReady: () => Promise.all(members.map((member) => member.untilReady())),
    /** kill -9 at a moment of its work, not only when it has just begun and has others' lanes to catch up with; another one in its place. */
    async kill(afterMs: number): Promise<void> {
      const place = await pick();
      const victim = members[place]!;
      await wait(afterMs);
      isEnding.add(victim);
      victim.signal('SIGKILL');
      members[place] = start();
      await victim.exited;
    },
    /** SIGTERM, and another one in its place. */
    async terminate(): Promise<{ exitCode: number | null; tookMs: number; name: string }> {
      const place = await pick();
      const victim = members[place]!;
      isEnding.add(victim);
      members[place] = start();
      return end(victim);
    },
    /** Stands still for longer than its lease, in the middle of whatever it does, and goes on. */
    async freeze(ms: number): Promise<void> {
      const victim = members[await pick()]!;
      frozen = victim;
      victim.signal('SIGSTOP');
      await wait(ms);
      victim.signal('SIGCONT');
      frozen = null;
    },
    /** Those that still boot hear no signal yet. */
    async endAll() {
      await Promise.all(members.map((member) => member.untilReady()));
      for (const member of members) isEnding.add(member);
      return Promise.all(members.map(end));
    },
    /** The largest of them now, in bytes. */
    async largest(): Promise<number> {
      const sizes = await Promise.all(members.map((member) => member.residentBytes()));
      return Math.max(0, ...sizes.map((size) => size ?? 0));
    },
  };
}

async function end(victim: PublisherProcess) {
  const startedMs = performance.now();
  victim.signal('SIGTERM');
  const exitCode = await victim.exited;
  return { exitCode, tookMs: Math.round(performance.now() - startedMs), name: victim.name };
}
