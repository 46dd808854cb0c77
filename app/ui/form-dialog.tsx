import { type ReactNode, useState } from 'react';
import { Button } from './button.tsx';
import { cn } from './cn.ts';
import { Dialog, DialogButtons } from './dialog.tsx';
import { useAction } from './use-action.tsx';

interface FormProps {
  title: string;
  /** What happens when it is confirmed. */
  description: ReactNode;
  /** Where the form goes; the page itself when absent. */
  action?: string;
  /** What the form sends beside its fields: `intent`, and what it is about. */
  hidden: Record<string, string | number>;
  /** Names the deed. */
  submit: string;
  look?: 'primary' | 'danger';
  dismiss?: string;
  /** The form may be higher than a small screen, and scrolls. */
  isLong?: boolean;
  children?: ReactNode;
}

/** A button that opens a dialog with a form; it closes when what was sent is done, and stays open when it is refused. */
export function FormDialog({ trigger, ...form }: FormProps & { trigger: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  return <OpenedForm {...form} trigger={trigger} isOpen={isOpen} onOpenChange={setOpen} />;
}

interface AsideProps<T> extends Omit<FormProps, 'title' | 'hidden'> {
  /** What it is about; null while nothing is. */
  about: T | null;
  onClose: () => void;
  titleOf: (about: T) => string;
  hiddenOf: (about: T) => Record<string, string>;
}

/** The same for a button in a row that is gone when it is done: stands outside the rows, or its outcome were not told. */
export function AsideFormDialog<T>({ about, onClose, titleOf, hiddenOf, ...form }: AsideProps<T>) {
  return (
    <OpenedForm
      {...form}
      title={about === null ? '' : titleOf(about)}
      hidden={about === null ? {} : hiddenOf(about)}
      isOpen={about !== null}
      onOpenChange={(isOpen) => !isOpen && onClose()}
    />
  );
}

interface OpenedProps extends FormProps {
  trigger?: ReactNode;
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
}

function OpenedForm({ trigger, isOpen, onOpenChange, title, description, ...form }: OpenedProps) {
  // Out here, because what the dialog holds is gone when it is closed, and the outcome must be told all the same.
  const action = useAction(() => onOpenChange(false));
  return (
    <Dialog {...{ open: isOpen, onOpenChange, title, description, trigger }} isTall={form.isLong}>
      <FormBody {...form} {...action} />
    </Dialog>
  );
}

type BodyProps = Omit<FormProps, 'title' | 'description'> & ReturnType<typeof useAction>;

function FormBody({ action, hidden, submit, look = 'primary', dismiss, isLong, children, Form, busy }: BodyProps) {
  // As it was when the dialog was opened: the page loads itself again meanwhile, and a revision that is sent must be that
  // of what the form shows, or another person's change would be overwritten unseen.
  const [sent] = useState(hidden);
  return (
    <Form
      method="post"
      {...(action === undefined ? {} : { action })}
      className={cn('space-y-4', isLong && '-ml-1 max-h-[70dvh] overflow-y-auto pr-1 pl-1')}
    >
      {Object.entries(sent).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      {children}
      <DialogButtons {...(dismiss === undefined ? {} : { dismiss })}>
        <Button type="submit" look={look} busy={busy}>
          {submit}
        </Button>
      </DialogButtons>
    </Form>
  );
}
