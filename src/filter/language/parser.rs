//! From words and signs to an expression, by how strongly operators bind (a
//! Pratt parser).

use std::ops::Range;

use super::error::FilterError;
use super::lexer::{Lexer, Token};
use super::syntax::{
    Comparison, Expression, Function, Literal, Member, Operand, Quantifier, Relation, Spanned, Test,
};
use crate::filter::field::nearest_of;

/// Parentheses, negations, functions and slices in one another, at the most.
/// Nobody writes more, and evaluating them takes stack.
const DEEPEST: usize = 100;

/// Bytes of an expression at the most.
const LONGEST: usize = 1 << 20;

type Result<T> = std::result::Result<T, FilterError>;

/// Reads an expression.
pub(in crate::filter) fn parse(text: &str) -> Result<Expression> {
    if text.len() > LONGEST {
        return Err(FilterError::new(text.len()..text.len(), "this expression is too long")
            .label(format!("expected its end within {LONGEST} bytes")));
    }
    let mut lexer = Lexer::new(text);
    let token = lexer.next()?;
    let mut parser = Parser { lexer, token, depth: 0 };
    if parser.token.node == Token::End {
        return Err(parser.expected("this expression is empty", OPERAND));
    }
    let expression = parser.expression(Binding::Or)?;
    match parser.token.node {
        Token::End => Ok(expression),
        Token::Sign(")") => {
            Err(FilterError::new(parser.token.span, "this parenthesis was never opened"))
        }
        _ => Err(parser.left_over("expected &&, ||, ^^ or the end")),
    }
}

/// What can stand where an expression begins.
const OPERAND: &str = "expected a field, a function, ! or (";

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Spanned<Token>,
    depth: usize,
}

/// How strongly an operator between expressions binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Or,
    Xor,
    And,
    Not,
}

impl Parser<'_> {
    /// An expression of operators that bind at least so strongly.
    fn expression(&mut self, least: Binding) -> Result<Expression> {
        let mut left = self.prefix()?;
        while let Some(binding) = self.operator().filter(|&binding| binding >= least) {
            let mut parts = Vec::new();
            flatten(&mut parts, left, binding);
            while self.operator() == Some(binding) {
                self.advance()?;
                let next = match binding {
                    Binding::Or => Binding::Xor,
                    Binding::Xor => Binding::And,
                    Binding::And | Binding::Not => Binding::Not,
                };
                let right = self.expression(next)?;
                flatten(&mut parts, right, binding);
            }
            left = match binding {
                Binding::Or => Expression::Or(parts),
                Binding::Xor => Expression::Xor(parts),
                Binding::And | Binding::Not => Expression::And(parts),
            };
        }
        Ok(left)
    }

    /// The operator between expressions that comes next.
    fn operator(&self) -> Option<Binding> {
        match &self.token.node {
            Token::Sign("||") => Some(Binding::Or),
            Token::Sign("^^") => Some(Binding::Xor),
            Token::Sign("&&") => Some(Binding::And),
            Token::Word(word) => match word.as_str() {
                "or" => Some(Binding::Or),
                "xor" => Some(Binding::Xor),
                "and" => Some(Binding::And),
                _ => None,
            },
            _ => None,
        }
    }

    /// A negation, a parenthesis or a test.
    fn prefix(&mut self) -> Result<Expression> {
        if self.is_sign("!") || self.is_word("not") {
            let span = self.advance()?;
            // A parenthesis behind it is no level of its own: it is printed with one.
            let negated = self.deeper(&span, |parser| match parser.is_sign("(") {
                true => parser.parenthesis(),
                false => parser.prefix(),
            })?;
            return Ok(Expression::Not(Box::new(negated)));
        }
        if self.is_sign("(") {
            let span = self.token.span.clone();
            return self.deeper(&span, |parser| parser.parenthesis());
        }
        self.test().map(|test| Expression::Test(Box::new(test)))
    }

    /// What stands between parentheses.
    fn parenthesis(&mut self) -> Result<Expression> {
        let span = self.advance()?;
        let inside = self.expression(Binding::Or)?;
        match self.token.node {
            Token::Sign(")") => self.advance().map(|_| inside),
            Token::End => Err(FilterError::new(span, "this parenthesis is never closed")
                .label("expected ) before the end")),
            _ => Err(self.left_over("expected &&, ||, ^^ or )")),
        }
    }

    fn test(&mut self) -> Result<Test> {
        let quantifier = match &self.token.node {
            Token::Word(word) if word == "any" => Some(Quantifier::Any),
            Token::Word(word) if word == "all" => Some(Quantifier::All),
            _ => None,
        };
        if quantifier.is_some() {
            self.advance()?;
        }
        let left = self.operand(OPERAND)?;
        let relation = self.relation()?;
        if quantifier.is_some() && relation.node == Relation::Exists {
            return Err(self.expected(
                "any and all stand before a comparison",
                "expected a comparison such as ==",
            ));
        }
        Ok(Test { quantifier, left, relation })
    }

    fn relation(&mut self) -> Result<Spanned<Relation>> {
        let span = self.token.span.clone();
        let comparison = match &self.token.node {
            Token::Sign(sign) => comparison(sign),
            Token::Word(word) => comparison(word),
            _ => None,
        };
        if let Some(comparison) = comparison {
            self.advance()?;
            let right = self.operand(VALUE)?;
            return Ok(Spanned { node: Relation::Compare(comparison, right), span });
        }
        if self.is_word("contains") {
            self.advance()?;
            let right = self.operand(VALUE)?;
            return Ok(Spanned { node: Relation::Contains(right), span });
        }
        if self.is_word("matches") || self.is_sign("~") {
            self.advance()?;
            let right = self.operand("expected a regular expression in quotes")?;
            return Ok(Spanned { node: Relation::Matches(right), span });
        }
        let is_negated = self.is_word("not");
        if is_negated {
            self.advance()?;
            if !self.is_word("in") {
                return Err(
                    self.expected("not stands before an expression, or before in", "expected in")
                );
            }
        }
        if self.is_word("in") {
            self.advance()?;
            let members = self.set()?;
            return Ok(Spanned { node: Relation::In { is_negated, members }, span });
        }
        Ok(Spanned { node: Relation::Exists, span: span.start..span.start })
    }

    /// `{80, 8000..8999}`; the commas may be left out, as in older versions of
    /// Wireshark.
    fn set(&mut self) -> Result<Vec<Member>> {
        if !self.is_sign("{") {
            return Err(
                self.expected("a set stands behind in", "expected {, as in {80, 8000..8999}")
            );
        }
        let open = self.advance()?;
        let mut members = Vec::new();
        loop {
            if self.is_sign("}") {
                self.advance()?;
                if members.is_empty() {
                    let span = open.start..open.end + 1;
                    return Err(FilterError::new(span, "nothing is in an empty set")
                        .label("expected a value"));
                }
                return Ok(members);
            }
            if self.token.node == Token::End {
                return Err(FilterError::new(open, "this set is never closed")
                    .label("expected } before the end"));
            }
            let first = self.literal()?;
            let last = if self.is_sign("..") {
                self.advance()?;
                Some(self.literal()?)
            } else {
                None
            };
            members.push(Member { first, last });
            if self.is_sign(",") {
                self.advance()?;
                if self.is_sign("}") {
                    return Err(
                        self.expected("a value is missing behind this comma", "expected a value")
                    );
                }
            }
        }
    }

    fn literal(&mut self) -> Result<Spanned<Literal>> {
        let node = match &self.token.node {
            Token::Word(word) => Literal::Word(word.clone()),
            Token::Quoted(literal) => literal.clone(),
            _ => {
                return Err(
                    self.expected("a set has values", "expected a value or a range such as 1..5")
                );
            }
        };
        let span = self.advance()?;
        Ok(Spanned { node, span })
    }

    /// A field, a value or a function, and slices of it.
    fn operand(&mut self, expected: &str) -> Result<Spanned<Operand>> {
        let before = self.depth;
        let operand = self.chain(expected)?;
        self.depth = before;
        Ok(operand)
    }

    /// The same as a part of an operand. Each function and each slice counts as a
    /// level until that ends: slices inside a function lie below those behind it.
    fn chain(&mut self, expected: &str) -> Result<Spanned<Operand>> {
        let node = match &self.token.node {
            Token::Word(word) if is_keyword(word) => {
                let message = format!("{word} cannot stand here");
                return Err(self.expected(&message, expected));
            }
            Token::Word(word) => Operand::Word(word.clone()),
            Token::Path(path) => Operand::Path(path.clone()),
            Token::Quoted(literal) => Operand::Quoted(literal.clone()),
            Token::End => return Err(self.expected("something is missing at the end", expected)),
            _ => return Err(self.expected("this cannot stand here", expected)),
        };
        let span = self.advance()?;
        let mut operand = match node {
            Operand::Word(name) if self.is_sign("(") => self.call(&name, span)?,
            node => Spanned { node, span },
        };
        while let Token::Slice(parts) = &self.token.node {
            let parts = parts.clone();
            let end = self.advance()?;
            self.deepen(&end)?;
            let span = operand.span.start..end.end;
            operand = Spanned { node: Operand::Slice(Box::new(operand), parts), span };
        }
        Ok(operand)
    }

    fn call(&mut self, name: &str, span: Range<usize>) -> Result<Spanned<Operand>> {
        let Some(function) = Function::ALL.into_iter().find(|function| function.name() == name)
        else {
            let names = Function::ALL.map(Function::name);
            let error = FilterError::new(span, format!("there is no function {name}"));
            return Err(match nearest_of(name, names) {
                Some(nearest) => error.help(format!("did you mean {nearest}?")),
                None => error.label(format!("expected one of {}", names.join(", "))),
            });
        };
        self.advance()?;
        self.deepen(&span)?;
        let of = self.chain("expected a field")?;
        if !self.is_sign(")") {
            return Err(self.expected(&format!("{name} takes one field"), "expected )"));
        }
        let end = self.advance()?;
        let function = Spanned { node: function, span: span.clone() };
        Ok(Spanned { node: Operand::Call(function, Box::new(of)), span: span.start..end.end })
    }

    /// Reads what lies a level deeper.
    fn deeper<T>(
        &mut self,
        span: &Range<usize>,
        read: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.deepen(span)?;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn deepen(&mut self, span: &Range<usize>) -> Result<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(FilterError::new(span.clone(), "this lies too deep").label(format!(
                "expected at most {DEEPEST} levels of parentheses, ! and functions"
            )));
        }
        Ok(())
    }

    /// Goes on; where that stood which was next.
    fn advance(&mut self) -> Result<Range<usize>> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next).span)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.token.node, Token::Sign(other) if other == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.token.node, Token::Word(other) if other == word)
    }

    /// What stands here belongs to nothing before it.
    fn left_over(&self, expected: &str) -> FilterError {
        let error = self.expected("this belongs to nothing before it", expected);
        let Token::Word(word) = &self.token.node else {
            return error;
        };
        let lower = word.to_lowercase();
        if lower != *word && is_keyword(&lower) {
            error.help(format!("did you mean {lower}?"))
        } else if word.starts_with([':', '.']) {
            error.help("a key with other characters stands in brackets: json[\"some key\"]")
        } else {
            error.help("text of several words stands in quotes; -f takes tcpdump's filters")
        }
    }

    fn expected(&self, message: &str, expected: &str) -> FilterError {
        FilterError::new(self.token.span.clone(), message).label(expected)
    }
}

/// What can stand on the right of a comparison.
const VALUE: &str = "expected a value or a field";

/// Adds an expression to parts of such an operator, or its own parts if it is of
/// the same kind.
fn flatten(parts: &mut Vec<Expression>, expression: Expression, binding: Binding) {
    match (expression, binding) {
        (Expression::Or(inner), Binding::Or)
        | (Expression::Xor(inner), Binding::Xor)
        | (Expression::And(inner), Binding::And) => parts.extend(inner),
        (other, _) => parts.push(other),
    }
}

/// A comparison by its sign or its name.
fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        "==" | "eq" | "any_eq" => Comparison::Equal,
        "!=" | "ne" | "all_ne" => Comparison::NotEqual,
        "===" | "all_eq" => Comparison::AllEqual,
        "!==" | "~=" | "any_ne" => Comparison::AnyNotEqual,
        ">" | "gt" => Comparison::Greater,
        "<" | "lt" => Comparison::Less,
        ">=" | "ge" => Comparison::GreaterOrEqual,
        "<=" | "le" => Comparison::LessOrEqual,
        _ => return None,
    })
}

/// Whether a word is an operator and so no field or value, unless in quotes.
pub(super) fn is_keyword(word: &str) -> bool {
    comparison(word).is_some()
        || matches!(
            word,
            "and" | "or" | "xor" | "not" | "in" | "contains" | "matches" | "any" | "all"
        )
}
