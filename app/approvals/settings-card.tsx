import { Link } from '@remix-run/react';
import type { ApprovalSettings } from '#server/web/index.ts';
import { Actor } from '../ui/actor.tsx';
import { Card, Facts } from '../ui/card.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { SettingsDialog } from './settings-dialog.tsx';
import { roleWords } from './words.ts';

/** Which labels demand approval and whose; admins change it. */
export function SettingsCard({ settings, canSet }: { settings: ApprovalSettings; canSet: boolean }) {
  const { selectors, pipelines, stages, expiryHours, allowSamePerson, updatedBy, updatedAt, problem } = settings;
  return (
    <Card title="Rules" aside={canSet && <SettingsDialog settings={settings} />}>
      {problem === null ? (
        <Facts
          facts={[
            {
              term: 'Labels that demand approval',
              value:
                selectors.length === 0 ? (
                  <Dash why="None does" />
                ) : (
                  <ul className="space-y-1">
                    {selectors.map((selector, at) => (
                      <li key={selector} className="break-words">
                        <code className="rounded bg-sunken px-1.5 font-mono text-xs">{selector}</code>{' '}
                        <Fits pipelines={pipelines[at] ?? 0} />
                      </li>
                    ))}
                  </ul>
                ),
            },
            { term: 'A request waits', value: `${expiryHours} hours` },
            { term: 'One person in two stages', value: allowSamePerson ? 'allowed' : 'not allowed' },
            {
              term: 'Changed',
              value:
                updatedAt === null ? (
                  <Dash why="Never" />
                ) : (
                  <Changed by={updatedBy} at={updatedAt} approvedBy={settings.approvedBy} />
                ),
            },
          ]}
        />
      ) : (
        <p role="alert" className="rounded-lg bg-bad-soft px-3.5 py-2.5 text-bad">
          Publishing is refused for every pipeline: {problem}
        </p>
      )}
      {stages.length > 0 && (
        <ol className="mt-4 space-y-1">
          {stages.map(({ name, approvers, roles }, at) => (
            <li key={name} className="break-words">
              <span className="tabular text-faint">{at + 1}.</span> <span className="font-medium">{name}</span>:{' '}
              {approvers === 1 ? 'one person' : `${approvers} people`} who {approvers === 1 ? 'is' : 'are'}{' '}
              {roleWords(roles)}
            </li>
          ))}
        </ol>
      )}
      <p className="mt-4 text-faint text-xs">
        Nobody approves what they asked for or saved themselves, by whatever key, and no key approves. Changed rules
        hold for requests to come. Rules that ask for more hold at once; those that ask for less wait for another admin.
      </p>
      {settings.waitingId !== null && (
        <p className="mt-2">
          <Link to={`/ops/approvals/${settings.waitingId}`} className="text-accent underline">
            Looser rules wait for approval
          </Link>
        </p>
      )}
      {settings.admins < 2 && selectors.length > 0 && (
        <p className="mt-3 rounded-lg bg-warn-soft px-3.5 py-2.5 text-warn">
          This tenant has one admin, so nobody could approve that these rules are loosened. Invite another admin on{' '}
          <Link to="/settings/users" className="underline">
            the page of users
          </Link>
          ; the instance operator can, too.
        </p>
      )}
    </Card>
  );
}

const Fits = ({ pipelines }: { pipelines: number }) => (
  <span className={pipelines === 0 ? 'text-warn text-xs' : 'text-faint text-xs'}>
    {pipelines === 0 ? 'fits no pipeline now' : `fits ${pipelines} ${pipelines === 1 ? 'pipeline' : 'pipelines'}`}
  </span>
);

const Changed = ({ by, at, approvedBy }: { by: string | null; at: string; approvedBy: string | null }) => (
  <span className="break-words">
    <Time at={at} /> by <Actor name={by ?? ''} />
    {approvedBy !== null && (
      <>
        , approved by <Actor name={approvedBy} />
      </>
    )}
  </span>
);
