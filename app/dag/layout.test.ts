import { describe, expect, it } from 'vitest';
import { layoutDag, NODE_HEIGHT } from './layout.ts';

const xOf = (layout: ReturnType<typeof layoutDag>, id: string) => layout.nodes.find((node) => node.id === id)!.x;

describe('the drawing of a pipeline', () => {
  const join = [
    { id: 'flights', inputs: [] },
    { id: 'airports', inputs: [] },
    { id: 'clean', inputs: ['flights'] },
    { id: 'joined', inputs: ['clean', 'airports'] },
    { id: 'out', inputs: ['joined'] },
  ];
  it('puts every node to the right of all its inputs', () => {
    const layout = layoutDag(join);
    for (const { id, inputs } of join)
      for (const input of inputs) expect(xOf(layout, input)).toBeLessThan(xOf(layout, id));
    expect(layout.edges).toHaveLength(4);
  });
  it('never lays two nodes on one place', () => {
    const wide = Array.from({ length: 9 }, (_, i) => ({ id: `n${i}`, inputs: i < 3 ? [] : [`n${i % 3}`] }));
    const places = layoutDag(wide).nodes.map(({ x, y }) => `${x}/${y}`);
    expect(new Set(places).size).toBe(9);
  });
  it('untangles two chains that were listed crosswise', () => {
    const layout = layoutDag([
      { id: 'a', inputs: [] },
      { id: 'b', inputs: [] },
      { id: 'b2', inputs: ['b'] },
      { id: 'a2', inputs: ['a'] },
    ]);
    const y = (id: string) => layout.nodes.find((node) => node.id === id)!.y;
    expect(y('a') < y('b')).toBe(y('a2') < y('b2'));
  });
  it('draws a draft with a cycle and an input that does not exist', () => {
    const layout = layoutDag([
      { id: 'a', inputs: ['b'] },
      { id: 'b', inputs: ['a', 'gone'] },
    ]);
    expect(layout.nodes).toHaveLength(2);
    expect(layout.edges).toHaveLength(2);
  });
  it('leads an edge past the column between its ends and not through the node that stands there', () => {
    const layout = layoutDag(join);
    const past = layout.edges.find(({ from }) => from === 'airports')!.path;
    const clean = layout.nodes.find(({ id }) => id === 'clean')!;
    const passesAtY = Number(past.match(/ ([\d.]+)H/)?.[1]);
    expect(passesAtY < clean.y || passesAtY > clean.y + NODE_HEIGHT).toBe(true);
  });
  it('draws nothing for a document without nodes', () => {
    expect(layoutDag([]).nodes).toEqual([]);
  });
});
