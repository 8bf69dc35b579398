// A choice among many, found by typing.
import { useState } from "react";
import { Button, ComboBox, Input, Label, ListBox, ListBoxItem, Popover, Text } from "react-aria-components";

export type Pick = { id: string; text: string; more?: string };
const SHOWN = 50; // typing narrows it down

type Props = { label: string; choices: Pick[]; value: string; onChange: (id: string) => void; hint?: string };

export function Picker({ label, choices, value, onChange, hint }: Props) {
  const chosen = choices.find((one) => one.id === value);
  const [typed, setTyped] = useState(chosen?.text ?? "");
  const wanted = typed === chosen?.text ? "" : typed.toLowerCase();
  const found = choices.filter((one) => one.text.toLowerCase().includes(wanted)).slice(0, SHOWN);
  return (
    <ComboBox className="field" items={found} selectedKey={value || null} inputValue={typed} onInputChange={setTyped} menuTrigger="focus"
      allowsEmptyCollection isRequired
      onSelectionChange={(key) => {
        if (key === null) return;
        onChange(String(key));
        setTyped(choices.find((one) => one.id === key)?.text ?? "");
      }}>
      <Label>{label}</Label>
      <div className="picker">
        <Input placeholder="Type to search" />
        <Button className="icon-button"><span aria-hidden>▾</span></Button>
      </div>
      {hint && <Text slot="description" className="hint">{hint}</Text>}
      <Popover className="popover">
        <ListBox<Pick> className="listbox" renderEmptyState={() => <p className="option muted">Nothing of that name.</p>}>
          {(item) => (
            <ListBoxItem className="option" textValue={item.text}>
              {item.text}{item.more && <span className="option-more"> – {item.more}</span>}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
