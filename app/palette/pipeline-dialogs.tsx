import { useState } from 'react';
import { RunDialog, ScheduleDialog } from '../pipelines/actions.tsx';
import type { Deed } from './palette-host.tsx';

/** The confirmation of what was chosen in the palette: the same as on the pipeline's own page. */
export default function PipelineDialogs({ deed, onClose }: { deed: Deed; onClose: () => void }) {
  // Mounted until the answer was told, closed before.
  const [isOpen, setOpen] = useState(true);
  const change = (next: boolean) => {
    setOpen(next);
    if (!next) onClose();
  };
  const Dialog = deed.kind === 'run' ? RunDialog : ScheduleDialog;
  return <Dialog pipeline={deed.pipeline} open={isOpen} onOpenChange={change} />;
}
