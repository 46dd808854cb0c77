// Access requests that take long: they keep no erasure back for good, and no go is spent on one that cannot end.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { addSubject, openOffice } from './testing/index.ts';

const db = await testDatabase();

describe('an access request whose bundle is not made when the time is over', () => {
  it('is begun anew by the next go when it came late, and leaves nothing behind', async () => {
    const office = await openOffice(db, 'late');
    await addSubject(db, office, { customerId: 'cust-long', count: 3 });
    const { id } = await office.ask('cust-long', 'access');
    let asked = 0;
    const cut = await office.carryOut({ isOver: () => ++asked > 3 });
    expect(cut).toMatchObject({ isUnfinished: true, errors: [], counts: { dsarCompleted: 0 } });
    expect(await office.get(id)).toMatchObject({ state: 'running', bundle: null });
    expect((await office.carryOut({ isGoOn: true })).counts).toMatchObject({ dsarCompleted: 1 });
    expect(await office.get(id)).toMatchObject({ attempts: 2 });
  });

  it('has failed when it had its time: the goes that follow at once do the others, the next cleanup tries again', async () => {
    const office = await openOffice(db, 'long');
    await addSubject(db, office, { customerId: 'cust-long', count: 3 });
    await addSubject(db, office, { customerId: 'cust-other' });
    const access = await office.ask('cust-long', 'access');
    const erase = await office.ask('cust-other');
    await office.makeDue(erase.id);
    let asked = 0;
    const cut = await office.carryOut({ isOver: () => ++asked > 3, giveMs: 0 });
    expect(cut).toMatchObject({ isUnfinished: true, errors: [expect.stringContaining('in the time')] });
    expect((await office.carryOut({ isGoOn: true })).counts).toMatchObject({ dsarCompleted: 1 });
    expect([(await office.get(erase.id)).state, (await office.get(access.id)).attempts]).toEqual(['completed', 1]);
    expect((await office.carryOut()).counts).toMatchObject({ dsarCompleted: 1 });
  });
});
