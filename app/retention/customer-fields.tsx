import { CheckField } from '../ui/check-field.tsx';
import { Field } from '../ui/field.tsx';

/** Whose records they are. An id of which nothing is stored is most likely mistyped, so it is taken only when told to. */
export const CustomerFields = ({ emptyLabel }: { emptyLabel: string }) => (
  <>
    <Field label="Customer id" name="customerId" required maxLength={200} autoComplete="off" spellCheck={false} />
    <CheckField label={emptyLabel} name="acceptEmpty" hint="Without it a mistyped id is refused." />
  </>
);
