import { Link } from '@remix-run/react';
import { GitBranch, Settings2 } from 'lucide-react';
import { useState } from 'react';
import type { Connection } from '#server/web/index.ts';
import { SelectField } from '../accounts/select-field.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { useAction } from '../ui/use-action.tsx';

interface SourceDialogProps {
  connections: Connection[];
  /** The connection that is set now. */
  current: string | null;
}

const placeOf = ({ config }: Connection) =>
  `${String(config.url)}, ${String(config.branch)}${config.path ? `, ${String(config.path)}` : ''}`;

/** Which of the tenant's Git connections has the documents. */
export function SourceDialog({ connections, current }: SourceDialogProps) {
  const [isOpen, setOpen] = useState(false);
  const { Form, busy } = useAction(() => setOpen(false));
  const { Form: Removal, busy: isRemoving } = useAction(() => setOpen(false));
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title="Repository of the documents"
      description="A Git connection says where it is: its address, branch and folder, and a token that may read it."
      trigger={
        <Button look={current === null ? 'primary' : 'plain'}>
          {current === null ? <GitBranch aria-hidden /> : <Settings2 aria-hidden />}
          {current === null ? 'Set repository' : 'Repository'}
        </Button>
      }
    >
      {connections.length === 0 ? (
        <p>
          There is no Git connection yet.{' '}
          <Link to="/settings/connections" className="text-accent underline">
            Make one
          </Link>{' '}
          and come back.
        </p>
      ) : (
        <Form method="post" action="/data/gitops" id="gitops-source" className="space-y-4">
          <input type="hidden" name="intent" value="source" />
          <SelectField
            label="Connection"
            name="connection"
            defaultValue={current ?? connections[0]?.name}
            options={connections.map((one) => ({ value: one.name, label: `${one.name}: ${placeOf(one)}` }))}
          />
          <p className="text-faint text-xs">It is read before it is set. Pipelines change only when you apply.</p>
          <DialogButtons>
            <Button type="submit" look="primary" busy={busy}>
              Set and check
            </Button>
          </DialogButtons>
        </Form>
      )}
      {current !== null && (
        <Removal method="post" action="/data/gitops" className="mt-3 border-line border-t pt-3">
          <input type="hidden" name="intent" value="remove" />
          <Button type="submit" look="quiet" size="sm" busy={isRemoving}>
            Stop comparing; pipelines stay as they are
          </Button>
        </Removal>
      )}
    </Dialog>
  );
}
