//! What an expression says, once it is read: paths, conditions, updates.

use serde_json::Value;

/// One step of a document path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A member of a map, or an attribute.
    Name(String),
    /// An element of a list.
    Index(usize),
}

/// A document path: the attribute comes first.
pub type Path = Vec<Step>;

/// Something that has a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// What stands at a path.
    Path(Path),
    /// A value that was given.
    Value(Value),
    /// The length of what stands at a path.
    Size(Path),
}

/// How two operands are to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// A condition on an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Both.
    And(Box<Condition>, Box<Condition>),
    /// One of them.
    Or(Box<Condition>, Box<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// Two operands compare.
    Compare(Operand, Comparator, Operand),
    /// An operand lies between two others, or is one of them.
    Between(Operand, Operand, Operand),
    /// An operand is one of these.
    In(Operand, Vec<Operand>),
    /// Is there something at a path?
    Exists(Path, bool),
    /// What stands at a path has this type.
    Type(Path, Operand),
    /// A text or bytes begin so.
    Begins(Operand, Operand),
    /// A text, set or list holds this.
    Contains(Operand, Operand),
}

/// What an attribute is set to.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// An operand.
    Operand(Operand),
    /// What stands at a path, else a term.
    IfNotExists(Path, Box<Term>),
    /// Two lists, one after the other.
    Append(Box<Term>, Box<Term>),
    /// The sum.
    Plus(Box<Term>, Box<Term>),
    /// The difference.
    Minus(Box<Term>, Box<Term>),
}

/// One action of an update.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// SET
    Set(Path, Term),
    /// REMOVE
    Remove(Path),
    /// ADD
    Add(Path, Value),
    /// DELETE
    Delete(Path, Value),
}

impl Action {
    /// The path that it changes.
    pub fn path(&self) -> &Path {
        match self {
            Self::Set(path, _) | Self::Remove(path) | Self::Add(path, _) | Self::Delete(path, _) => path,
        }
    }
}

/// A path as DynamoDB's sentences have it: `a.b[1]`.
pub fn spelt(path: &Path) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Name(name) if text.is_empty() => text.push_str(name),
            Step::Name(name) => text.extend([".", name]),
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// A path as a list of its steps: `a, b, [1]`.
pub fn listed(path: &Path) -> String {
    let step = |step: &Step| match step {
        Step::Name(name) => name.clone(),
        Step::Index(index) => format!("[{index}]"),
    };
    path.iter().map(step).collect::<Vec<_>>().join(", ")
}
