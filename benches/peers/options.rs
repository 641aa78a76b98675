//! Arguments.

/// What is to be measured.
pub(crate) struct Options {
    words: Vec<String>,
    /// Size of the captures.
    pub(crate) mib: u64,
    /// Runs of each tool.
    pub(crate) pairs: usize,
}

impl Options {
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self, String> {
        let mut options = Self { words: Vec::new(), mib: 256, pairs: 3 };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut number = || {
                let number = arguments.next().and_then(|number| number.parse::<u32>().ok());
                number
                    .filter(|number| *number > 0)
                    .ok_or_else(|| format!("{argument} needs a number"))
            };
            match *argument {
                "--mib" => options.mib = number()?.into(),
                "--pairs" => options.pairs = number()? as usize,
                // What cargo adds.
                "--bench" => {}
                option if option.starts_with('-') => return Err(format!("what is {option}?")),
                word => options.words.push(word.to_owned()),
            }
        }
        Ok(options)
    }

    /// Whether what has that name is to be measured.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| name.contains(word.as_str()))
    }
}
