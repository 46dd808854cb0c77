import { BellPlus, Send } from 'lucide-react';
import { useState } from 'react';
import type { AlertMetricItem, AlertRule } from '#server/web/index.ts';
import { Card } from '../ui/card.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { ActionsCell, ActionsColumn, ChannelsCell, DeleteNamed } from './row-parts.tsx';
import { EditRule } from './rule-dialog.tsx';
import { conditionWords, minutesWords, numberWords, offLook, stateLook } from './words.ts';

interface RulesCardProps {
  rules: AlertRule[];
  metrics: AlertMetricItem[];
  canWrite: boolean;
}

export function RulesCard({ rules, metrics, canWrite }: RulesCardProps) {
  const [deleting, setDeleting] = useState<AlertRule | null>(null);
  return (
    <Card title="Rules" flush>
      {rules.length === 0 ? (
        <EmptyState icon={BellPlus} title="Nobody is told of anything yet">
          A rule watches one of the product's own figures and tells you by webhook, e-mail or log when it crosses a
          line.
        </EmptyState>
      ) : (
        <Table label="Alert rules">
          <Head>
            <Column>Rule</Column>
            <Column>State</Column>
            <Column align="right" className="max-sm:hidden">
              Now
            </Column>
            <Column className="max-sm:hidden">Tells</Column>
            {canWrite && <ActionsColumn />}
          </Head>
          <tbody>
            {rules.map((rule) => (
              <RuleRow
                key={rule.id}
                rule={rule}
                metrics={metrics}
                canWrite={canWrite}
                onDelete={() => setDeleting(rule)}
              />
            ))}
          </tbody>
        </Table>
      )}
      {canWrite && (
        <DeleteNamed
          item={deleting}
          action="/ops/alerts"
          description="Nobody will be told of this any more. What it said stays in the history."
          submit="Delete rule"
          onClose={() => setDeleting(null)}
        />
      )}
    </Card>
  );
}

interface RuleRowProps {
  rule: AlertRule;
  metrics: AlertMetricItem[];
  canWrite: boolean;
  onDelete: () => void;
}

function RuleRow({ rule, metrics, canWrite, onDelete }: RuleRowProps) {
  const isWindowed = metrics.find(({ name }) => name === rule.metric)?.isWindowed ?? false;
  return (
    <Row>
      <Cell>
        <p className="max-w-80 break-words font-medium">{rule.name}</p>
        <p className="text-muted text-xs">
          {conditionWords(rule)} {isWindowed ? 'in' : 'for'} {minutesWords(rule.windowMinutes)}, at most once in{' '}
          {minutesWords(rule.cooldownMinutes)}
        </p>
        {rule.lastError !== null && <p className="max-w-96 break-words text-bad text-xs">{rule.lastError}</p>}
      </Cell>
      <Cell className="text-xs">
        <Pill {...(rule.enabled ? stateLook[rule.state] : offLook)} />
        <p className="mt-0.5 text-faint">
          since <Time at={rule.stateSince} />
        </p>
      </Cell>
      <Cell align="right" className="tabular whitespace-nowrap text-xs max-sm:hidden">
        {rule.evaluatedAt === null ? <Dash /> : numberWords(rule.lastValue)}
      </Cell>
      <ChannelsCell channels={rule.channels} />
      {canWrite && (
        <ActionsCell
          item={rule}
          action="/ops/alerts"
          deed={{
            intent: 'test',
            name: `Send a test notification of ${rule.name}`,
            label: (
              <>
                <Send aria-hidden /> Test
              </>
            ),
          }}
          onDelete={onDelete}
        >
          <EditRule rule={rule} metrics={metrics} />
        </ActionsCell>
      )}
    </Row>
  );
}
