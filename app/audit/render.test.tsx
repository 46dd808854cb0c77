// What is in the log came from anywhere: the page's own markup must hold it as text.
import { renderToStaticMarkup } from 'react-dom/server';
import { MemoryRouter } from 'react-router-dom';
import { expect, it } from 'vitest';
import type { AuditLogItem } from '#server/web/index.ts';
import { TooltipProvider } from '../ui/tooltip.tsx';
import { AuditList } from './audit-list.tsx';
import { diffOf } from './diff.ts';
import { DiffView } from './diff-view.tsx';

const HOSTILE = `"><img src=x onerror=alert(1)></script><script>alert(2)</script>`;
const item: AuditLogItem = {
  ...{ id: '01a1ff35-3089-7cb4-8d28-8d6bf047b88c', at: '2026-11-21T08:00:00.000Z', actorKind: 'user', actor: HOSTILE },
  ...{ action: HOSTILE, outcome: 'refused', targetKind: HOSTILE, target: HOSTILE, requestId: HOSTILE },
  ...{ details: { code: HOSTILE, count: 17 }, hasDiff: true, seq: 7 },
};
const markupOf = (element: React.ReactElement) =>
  renderToStaticMarkup(
    <TooltipProvider>
      <MemoryRouter>{element}</MemoryRouter>
    </TooltipProvider>,
  );

it('shows hostile text of an entry as text, in the list and in the diff', () => {
  const changes = diffOf({ [HOSTILE]: 'before', name: HOSTILE }, { name: `${HOSTILE}!` });
  for (const markup of [
    markupOf(<AuditList items={[item]} nextCursor={null} isNarrowed={false} log="tenant" />),
    markupOf(<DiffView changes={changes} />),
  ]) {
    expect(markup).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(markup).not.toMatch(/<img|<script/);
  }
});

it('says how often a refusal came', () => {
  const markup = markupOf(<AuditList items={[item]} nextCursor={null} isNarrowed log="instance" />);
  expect(markup).toContain('17 times');
  expect(markup).toContain(`/ops/audit/${item.id}?log=instance`);
});

it('says what to do when nothing fits', () => {
  const empty = (isNarrowed: boolean) =>
    markupOf(<AuditList items={[]} nextCursor={null} isNarrowed={isNarrowed} log="tenant" />);
  expect(empty(true)).toContain('No entry fits this filter');
  expect(empty(false)).toContain('Nothing has been done yet');
});
