import { BellPlus, Send, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { AlertMetricItem, AlertRule } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { useAction } from '../ui/use-action.tsx';
import { DeleteRule, EditRule } from './rule-dialog.tsx';
import { channelWords, conditionWords, minutesWords, numberWords, offLook, stateLook } from './words.ts';

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
            {canWrite && (
              <Column align="right">
                <span className="sr-only">Actions</span>
              </Column>
            )}
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
      {canWrite && <DeleteRule rule={deleting} onClose={() => setDeleting(null)} />}
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
  const { Form, busy } = useAction(() => {});
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
      <Cell className="max-w-60 break-words text-xs max-sm:hidden">
        {rule.channels.map((channel) => (
          <p key={channelWords(channel)} className="truncate" title={channelWords(channel)}>
            {channelWords(channel)}
          </p>
        ))}
      </Cell>
      {canWrite && (
        <Cell align="right">
          <div className="flex justify-end gap-1.5 max-sm:flex-col max-sm:items-end">
            <Form method="post" action="/ops/alerts">
              <input type="hidden" name="intent" value="test" />
              <input type="hidden" name="id" value={rule.id} />
              <Button type="submit" size="sm" busy={busy} aria-label={`Send a test notification of ${rule.name}`}>
                <Send aria-hidden /> Test
              </Button>
            </Form>
            <EditRule rule={rule} metrics={metrics} />
            <Button size="icon-sm" look="quiet" aria-label={`Delete ${rule.name}`} onClick={onDelete}>
              <Trash2 aria-hidden />
            </Button>
          </div>
        </Cell>
      )}
    </Row>
  );
}
