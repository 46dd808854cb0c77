import { Link } from '@remix-run/react';
import { GitBranch, Settings2 } from 'lucide-react';
import type { Connection, GitopsStatus } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { useAction } from '../ui/use-action.tsx';

interface SourceDialogProps {
  connections: Connection[];
  /** What is set now. */
  current: GitopsStatus['source'];
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
}

const placeOf = ({ config }: Connection) =>
  `${String(config.url)}, ${String(config.branch)}${config.path ? `, ${String(config.path)}` : ''}`;

export const SourceButton = ({ isSet, onClick }: { isSet: boolean; onClick: () => void }) => (
  <Button look={isSet ? 'plain' : 'primary'} aria-haspopup="dialog" onClick={onClick}>
    {isSet ? <Settings2 aria-hidden /> : <GitBranch aria-hidden />}
    {isSet ? 'Repository' : 'Set repository'}
  </Button>
);

/** Which of the tenant's Git connections has the documents. Apart from its button, which is another once one is set. */
export function SourceDialog({ connections, current, isOpen, onOpenChange }: SourceDialogProps) {
  const { Form, busy } = useAction(() => onOpenChange(false));
  const { Form: Removal, busy: isRemoving } = useAction(() => onOpenChange(false));
  return (
    <Dialog
      open={isOpen}
      onOpenChange={onOpenChange}
      title="Repository of the documents"
      description="A Git connection says where it is: its address, branch and folder, and a token that may read it."
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
            defaultValue={current?.connection ?? connections[0]?.name}
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
