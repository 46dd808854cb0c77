import { Pencil, Plus } from 'lucide-react';
import { useState } from 'react';
import type { ApprovalSettings } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { Field, TextField } from '../ui/field.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { useAction } from '../ui/use-action.tsx';

type Stage = ApprovalSettings['stages'][number];
const NEW_STAGE: Stage = { name: '', approvers: 1, roles: ['admin'] };

const ROLES = [
  { value: 'admin', label: 'Admins' },
  { value: 'operator,admin', label: 'Operators and admins' },
  { value: 'operator', label: 'Operators' },
];

export function SettingsDialog({ settings: now }: { settings: ApprovalSettings }) {
  const [isOpen, setOpen] = useState(false);
  const { Form, busy } = useAction(() => setOpen(false));
  // As it was when the dialog was opened: the page loads itself again meanwhile, and the version that is sent must be
  // that of what the form shows, or another admin's change would be overwritten unseen.
  const [settings, setSettings] = useState(now);
  const [stages, setStages] = useState<Stage[]>([]);
  const open = (isNow: boolean) => {
    if (isNow) {
      setSettings(now);
      setStages(now.stages.length === 0 ? [NEW_STAGE] : now.stages);
    }
    setOpen(isNow);
  };
  return (
    <Dialog
      open={isOpen}
      onOpenChange={open}
      isTall
      title="Rules of approval"
      description="A pipeline with one of these labels, in its live or its new version, goes live only when all stages have approved."
      trigger={
        <Button size="sm">
          <Pencil aria-hidden /> Change rules
        </Button>
      }
    >
      <Form method="post" action="/ops/approvals" className="-ml-1 max-h-[70dvh] space-y-3 overflow-y-auto pr-1 pl-1">
        <input type="hidden" name="intent" value="settings" />
        <input type="hidden" name="version" value={settings.version} />
        {settings.problem !== null && (
          <p className="rounded-lg bg-warn-soft px-3.5 py-2.5 text-warn">
            The stored rules cannot be read, so this form does not show them: give all of them anew.
          </p>
        )}
        <TextField
          label="Labels that demand approval"
          name="selectors"
          defaultValue={settings.selectors.join('\n')}
          hint="One a line, as key:value or key. A value is compared letter by letter."
        />
        <label className="flex items-center gap-2">
          <input type="checkbox" name="none" className="size-4 accent-accent" />
          No pipeline needs approval (with no label above)
        </label>
        {stages.map((stage, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a stage is its place in the order
          <StageFields key={at} stage={stage} place={at + 1} />
        ))}
        <Button size="sm" type="button" onClick={() => setStages([...stages, NEW_STAGE])}>
          <Plus aria-hidden /> Add a stage
        </Button>
        <Field
          label="Hours that a request waits"
          name="expiryHours"
          type="number"
          min={1}
          max={1440}
          required
          defaultValue={settings.expiryHours}
        />
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            name="allowSamePerson"
            defaultChecked={settings.allowSamePerson}
            className="size-4 accent-accent"
          />
          One person may approve in more than one stage
        </label>
        <p className="text-faint text-xs">
          Rules that ask for less than those that hold are sent to another admin first.
        </p>
        <DialogButtons>
          <Button type="submit" look="primary" busy={busy}>
            Set rules
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

function StageFields({ stage, place }: { stage: Stage; place: number }) {
  return (
    <fieldset className="rounded-md border border-line p-3 pt-2">
      <legend className="px-1 text-faint text-xs">Stage {place}; without a name it is dropped</legend>
      <div className="grid grid-cols-[1fr_5rem] gap-3">
        <Field label="Name" name="stageName" maxLength={60} defaultValue={stage.name} />
        <Field label="People" name="stageApprovers" type="number" min={1} max={20} defaultValue={stage.approvers} />
      </div>
      <SelectField
        label="Who may approve"
        name="stageRoles"
        className="mt-2"
        defaultValue={['operator', 'admin'].filter((role) => stage.roles.includes(role)).join(',')}
        options={ROLES}
      />
    </fieldset>
  );
}
