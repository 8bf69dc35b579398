// Form fields: label, hint and error belong to each other for everybody who reads them.
import type { ReactNode } from "react";
import {
  Button,
  FieldError,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Select as AriaSelect,
  SelectValue,
  Switch as AriaSwitch,
  type SwitchProps,
  Text,
  TextArea,
  TextField,
  type TextFieldProps,
} from "react-aria-components";

type FieldProps = TextFieldProps & { label: string; hint?: ReactNode; rows?: number; placeholder?: string; list?: string;
  min?: string; max?: string };

export function Field({ label, hint, rows, placeholder, list, min, max, ...props }: FieldProps) {
  return (
    <TextField {...props} className="field">
      <Label>{label}</Label>
      {rows ? <TextArea rows={rows} placeholder={placeholder} /> : <Input placeholder={placeholder} list={list} min={min} max={max} />}
      {hint && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-error" />
    </TextField>
  );
}

type Choice = { id: string; text: string };
type SelectProps = { label: string; choices: Choice[]; value: string; onChange: (value: string) => void; hint?: string;
  isDisabled?: boolean; inline?: boolean };

export function Select({ label, choices, value, onChange, hint, isDisabled, inline }: SelectProps) {
  return (
    <AriaSelect className={inline ? "field inline" : "field"} value={value} isDisabled={isDisabled ?? false}
      onChange={(key) => key !== null && onChange(String(key))}>
      <Label>{label}</Label>
      <Button className="select">
        <SelectValue />
        <span aria-hidden>▾</span>
      </Button>
      {hint && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      <Popover className="popover">
        <ListBox className="listbox" items={choices}>
          {(item) => (
            <ListBoxItem className="option" textValue={item.text}>
              {item.text}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}

export function Switch({ children, ...props }: SwitchProps & { children: ReactNode }) {
  return (
    <AriaSwitch {...props} className="switch">
      <span className="track" aria-hidden />
      {children}
    </AriaSwitch>
  );
}
