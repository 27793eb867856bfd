package catalogue

func (b *builder) deriveInputs()              {}
func (b *builder) deriveOperations()          {}
func (b *builder) check()                     {}
func (b *builder) arg(where, text string) Arg { n, t, _ := cut(text); return Arg{Name: n, Type: t} }
func cut(text string) (string, string, bool)  { return text, "", true }
