import { useBeforeUnload, useBlocker } from '@remix-run/react';
import { type ReactNode, useCallback } from 'react';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';

/** Asks before a page with unsaved text is left. Render what it returns. */
export function useLeaveGuard(isDirty: boolean): ReactNode {
  const blocker = useBlocker(
    ({ currentLocation, nextLocation, historyAction }) =>
      isDirty && historyAction !== 'REPLACE' && currentLocation.pathname !== nextLocation.pathname,
  );
  useBeforeUnload(
    useCallback(
      (event) => {
        if (isDirty) event.preventDefault();
      },
      [isDirty],
    ),
  );
  return (
    <Dialog
      open={blocker.state === 'blocked'}
      onOpenChange={(isOpen) => !isOpen && blocker.state === 'blocked' && blocker.reset()}
      title="Leave without saving?"
      description="What you changed in this document since it was last saved is lost."
    >
      <div className="flex justify-end gap-2">
        <Button onClick={() => blocker.state === 'blocked' && blocker.reset()}>Stay here</Button>
        <Button look="danger" onClick={() => blocker.state === 'blocked' && blocker.proceed()}>
          Leave, drop changes
        </Button>
      </div>
    </Dialog>
  );
}
